/** Shows how far something long is, on the error stream. */
export interface Progress {
  /** @param done how many bytes of `total` are done, where that is known */
  show(step: string, done?: number, total?: number): void;
  /** Takes the bar away; call it however the work ended. */
  end(): void;
}

/**
 * On a terminal a bar for each step, or a line where nothing can be counted.
 *
 * @param elsewhere what there is without a terminal: nothing, or a line for each step
 */
export async function createProgress(elsewhere: "nothing" | "lines"): Promise<Progress> {
  let current: string | undefined;
  /** Says a step when it begins. */
  const say = (step: string) => {
    if (step !== current) process.stderr.write(`${step}\n`);
    current = step;
  };
  if (!process.stderr.isTTY) return { show: elsewhere === "lines" ? say : () => {}, end() {} };
  const { default: progressBars } = await import("cli-progress");
  let bar: InstanceType<typeof progressBars.SingleBar> | undefined;
  const end = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    show(step, done, total) {
      if (step !== current) end();
      if (done === undefined || total === undefined) {
        say(step);
        return;
      }
      current = step;
      const shown = { bytes: total.toLocaleString("en") };
      if (bar) {
        bar.update(done, shown);
        return;
      }
      bar = new progressBars.SingleBar({
        format: `${step} [{bar}] {percentage} % of {bytes} bytes, {duration_formatted}, {eta_formatted} left`,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
        etaBuffer: 50,
      });
      bar.start(Math.max(total, 1), done, shown);
    },
    end,
  };
}
