// The package brings no types of its own.
declare module "oled-font-5x7" {
  const font: {
    /** Five bytes for each character of `lookup`, a column each, the lowest bit at the top. */
    readonly fontData: readonly number[];
    readonly lookup: readonly string[];
  };
  export default font;
}
