import type { Radio, ReceivedFrame } from "moteq/device";

/** A radio without an air: frames come as fast as the gateway takes them, answers are acknowledged at once. */
export class BareRadio implements Radio {
  readonly address = "02006d6f7465";
  readonly channel = 1;
  readonly maximumFrameBytes = 250;
  hear: (frame: ReceivedFrame) => void = () => {};
  onSend: () => void = () => {};

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.hear = listener;
  }

  send(): Promise<boolean> {
    this.onSend();
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
