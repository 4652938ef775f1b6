import { diagnose } from "./board.ts";
import { DongleRadio, type DongleRadioOptions } from "./dongle-radio.ts";
import { type DonglePlace, dongleBaudRate } from "./place.ts";

/**
 * Opens the dongle that is at a place.
 *
 * @throws what opening its port throws (`serial/…`); `dongle/none-found`, `dongle/several-found`, `dongle/no-answer`,
 *   `dongle/not-micropython`, `dongle/no-espnow`, `dongle/not-installed`, `dongle/wrong-version`, `dongle/refused`
 */
export function openDongle(
  place: DonglePlace,
  options: Omit<DongleRadioOptions, "open" | "diagnose">,
): Promise<DongleRadio> {
  const { clock, random } = options;
  return DongleRadio.open({
    ...options,
    open: place.open(dongleBaudRate),
    diagnose: () => diagnose({ place, clock, random }),
  });
}
