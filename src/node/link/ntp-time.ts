import { createSocket } from "node:dgram";
import { messageOf, onAbort } from "../../base/index.ts";
import { linkErrors, type TimeSource } from "../../link/index.ts";
import { systemClock } from "../clock.ts";

/** Which time server, and how patiently. */
export interface NtpOptions {
  readonly host: string;
  /** Default 123. */
  readonly port?: number;
  /** How long the answer may take. Default 5000 ms. */
  readonly timeoutMs?: number;
}

/** From 1900-01-01, where NTP begins, to 1970-01-01, in seconds. */
const to1970 = 2_208_988_800;
/** 2016-01-01 in seconds since 1970: a server that says less does not know the time either. */
const earliest = 1_451_606_400;

/** The time of the machine that moteq runs on. */
export const systemTime: TimeSource = { read: () => Promise.resolve(systemClock.now()) };

/** The time of a server, by SNTP (RFC 4330), corrected by half of the way there and back. */
export function ntpTime({ host, port = 123, timeoutMs = 5000 }: NtpOptions): TimeSource {
  return {
    read: (signal) =>
      new Promise((resolve, reject) => {
        const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
        const asked = systemClock.monotonic();
        const finish = (action: () => void) => {
          timer.cancel();
          release();
          socket.removeAllListeners();
          socket.on("error", () => {});
          socket.close();
          action();
        };
        const fail = (why: string) =>
          finish(() => reject(linkErrors.create("link/no-time", `the time server ${host}:${port} ${why}`)));
        const timer = systemClock.setTimer(timeoutMs, () => fail(`does not answer within ${timeoutMs} ms`));
        const release = onAbort(signal, () => finish(() => reject(signal.reason)));
        socket.on("error", (error) => fail(`cannot be asked: ${messageOf(error)}`));
        socket.on("message", (answer) => {
          const time = readNtpAnswer(answer);
          if (time === undefined) return fail("answered with no time");
          finish(() => resolve(time + (systemClock.monotonic() - asked) / 2));
        });
        // Version 3, client (RFC 4330, 4).
        const question = new Uint8Array(48);
        question[0] = 0x1b;
        socket.send(question, port, host, (error) => {
          if (error) fail(`cannot be asked: ${messageOf(error)}`);
        });
      }),
  };
}

/** The transmit timestamp of an answer, in milliseconds since 1970; `undefined` if it is none, or no time. */
function readNtpAnswer(answer: Uint8Array): number | undefined {
  if (answer.length < 48) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset);
  const mode = view.getUint8(0) & 7;
  const stratum = view.getUint8(1);
  if (mode !== 4 || stratum === 0 || stratum > 15) return undefined;
  const seconds = view.getUint32(40);
  // The counter began anew in 2036 (RFC 4330, 3).
  const since1970 = seconds - to1970 + (seconds < to1970 ? 0x1_0000_0000 : 0);
  if (since1970 < earliest) return undefined;
  return since1970 * 1000 + (view.getUint32(44) / 0x1_0000_0000) * 1000;
}
