import type { VirtualRadio } from "./radio.ts";
import { differenceOf, type RadioAccount } from "./radio-account.ts";

/**
 * Turns a radio on for as long as `work` takes, and says what that cost: `awakeMs` is the radio-on time of the wake.
 * What `work` throws is thrown, and the radio is off then too.
 */
export async function measureWake(radio: VirtualRadio, work: () => Promise<void>): Promise<RadioAccount> {
  const before = radio.account();
  radio.wake();
  try {
    await work();
  } finally {
    radio.sleep();
  }
  return differenceOf(radio.account(), before);
}
