import { systemClock, type DongleRadio } from "../../src/node/index.ts";
import { sleep } from "../../src/base/index.ts";
import type { RealDongle } from "./real-dongle.ts";

const nodeAddress = "02000000bb01";

/** A frame of 250 bytes that tells its number. */
function frameOf(number: number): Uint8Array {
  const frame = new Uint8Array(250).fill(number);
  new DataView(frame.buffer).setUint32(0, number);
  return frame;
}

function numberIn(frame: Uint8Array): number | undefined {
  const number = new DataView(frame.buffer, frame.byteOffset).getUint32(0);
  return frame.length === 250 && frame.subarray(4).every((byte) => byte === (number & 255))
    ? number
    : undefined;
}

/**
 * Sends so many frames each way at once, as fast as they are taken, and says how many arrived whole, once and in order.
 *
 * @param atOnce how many frames for the dongle to send are under way
 */
export async function carryBothWays(
  dongle: RealDongle,
  radio: DongleRadio,
  frames: number,
  atOnce = 8,
): Promise<{ down: number; up: number }> {
  const node = dongle.air.join({ address: nodeAddress, receiveBufferBytes: 1_000_000 });
  const arrived = { down: 0, up: 0 };
  node.listen(({ bytes }) => void (numberIn(bytes) === arrived.down && arrived.down++));
  radio.listen(({ bytes }) => void (numberIn(bytes) === arrived.up && arrived.up++));
  const numbers = Array.from({ length: frames }, (_, number) => number).values();
  const sending = async () => {
    for (const number of numbers) await radio.send(nodeAddress, frameOf(number));
  };
  const hearing = async () => {
    for (let number = 0; number < frames; number++) {
      // A chip drops what its program does not fetch in time: the node waits for the host, as one does for its ACK.
      while (number - arrived.up >= 32) await sleep(systemClock, 1);
      await node.send(radio.address, frameOf(number));
    }
  };
  await Promise.all([hearing(), ...Array.from({ length: atOnce }, sending)]);
  for (let waited = 0; arrived.up < frames && waited < 5000; waited += 10) await sleep(systemClock, 10);
  await node.close();
  return arrived;
}
