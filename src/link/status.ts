/**
 * The numbers by which a modem says how it stands, with the names of the classic programs.
 *
 * 8, and 6, end a life of the modem: the host resets it. 10 does so only before `RUNNING`. 11 and 12 are the host's own.
 */
export const linkStatus = {
  /** Connected to the broker. */
  BROKER_OK: 0,
  /** About to connect to the broker. */
  BROKER_CHECK: 1,
  /** About to use the network that the modem is set up for. */
  DEFNET: 2,
  /** Wants to use the network of `init`, and waits for the host's word. */
  SPECNET: 3,
  /** A publication is finished; in the classic strings alone. */
  PUBOK: 4,
  /** All is up. */
  RUNNING: 5,
  /** What the host said was not understood. */
  UNKNOWN: 6,
  /** The will is noted. */
  WILLOK: 7,
  /** The broker cannot be reached, or refuses. */
  BROKER_FAIL: 8,
  /** The connection to the broker is up. */
  WIFI_UP: 9,
  /** The connection to the broker is down. */
  WIFI_DOWN: 10,
  /** The modem was lost before it was running. */
  ESP_FAIL: 11,
  /** The modem was lost, or did not finish a publication in time. */
  NO_NET: 12,
} as const;

/** One of the numbers of {@link linkStatus}, or another that a modem made up. */
export type LinkStatus = number;

/** The name of a status, as `BROKER_OK`; `status 99` for one that is not known. */
export function nameOfStatus(status: LinkStatus): string {
  const known = Object.entries(linkStatus).find(([, number]) => number === status);
  return known ? known[0] : `status ${status}`;
}
