import type { Clock } from "../../../src/base/index.ts";
import type { ReceivedFrame, TunableRadio } from "../../../src/device/index.ts";
import { RadioGroup } from "../../../src/gateway/index.ts";

/** The gateway's radios as one; counts what it hands over. */
export class CountedGroup extends RadioGroup {
  heard = 0;
  readonly #onHeard: (source: string) => void;

  /** @param onHeard it hands over a frame from this address */
  constructor(radios: readonly TunableRadio[], clock: Clock, onHeard: (source: string) => void) {
    super(radios, { clock });
    this.#onHeard = onHeard;
  }

  override listen(listener: (frame: ReceivedFrame) => void): void {
    super.listen((frame) => {
      this.heard++;
      this.#onHeard(frame.source);
      listener(frame);
    });
  }
}
