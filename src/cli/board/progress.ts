/** Shows how far something long has got. */
export interface Progress {
  readonly onProgress: (done: number, total: number) => void;
  /** Takes the bar away; call it however the work ended. */
  stop(): void;
}

/** A bar on the error stream if that is a terminal, and nothing otherwise. */
export async function createProgress(label: string): Promise<Progress> {
  if (!process.stderr.isTTY) return { onProgress() {}, stop() {} };
  const { default: progressBars } = await import("cli-progress");
  const bar = new progressBars.SingleBar({
    format: `${label} [{bar}] {percentage} % of {bytes} bytes, {duration_formatted}, {eta_formatted} left`,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    etaBuffer: 50,
  });
  let started = false;
  return {
    onProgress(done, total) {
      const bytes = total.toLocaleString("en");
      if (started) bar.update(done, { bytes });
      else bar.start(Math.max(total, 1), done, { bytes });
      started = true;
    },
    stop: () => bar.stop(),
  };
}
