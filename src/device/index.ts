/**
 * What devices are: interfaces that `node/` implements for real and `virtual/` simulates, and what stands on them
 * alone: drawing, and the driver of a display.
 *
 * @module
 */
export { acknowledgementAirtimeMs, acknowledgementSlotMs, frameAirtimeMs } from "./airtime.ts";
export { Canvas, characterHeight, characterWidth, type TextOptions } from "./canvas.ts";
export type { Display } from "./display.ts";
export { deviceErrors } from "./errors.ts";
export type { I2cDevice } from "./i2c.ts";
export type { FiveLines, InputLine, OutputLine } from "./line.ts";
export type { DigitalOutput } from "./output.ts";
export { isLit, type Picture, renderSvg, renderText } from "./picture.ts";
export { isTunable, type MacAddress, type Radio, type ReceivedFrame, type TunableRadio } from "./radio.ts";
export {
  assertChannel,
  assertSendable,
  broadcastAddress,
  isMacAddress,
  radioErrors,
  toMacAddress,
} from "./radio-errors.ts";
export type { ClimateSample, HumiditySample, LightSample, Sensor, TemperatureSample } from "./sensor.ts";
export { Ssd1306Display, type Ssd1306Options } from "./ssd1306.ts";
