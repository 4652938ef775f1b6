import { expect, it } from "vitest";
import { type BytePort, type BytePortListener, concatBytes } from "../../src/base/index.ts";

/** Two ends of one connection; neither was started. */
export interface ConnectedPorts extends AsyncDisposable {
  readonly near: BytePort;
  readonly far: BytePort;
}

/** Notes what a port tells, and lets tests wait for it. */
export class PortRecorder implements BytePortListener {
  readonly pieces: Uint8Array[] = [];
  writable = 0;
  closed: { readonly error: Error | undefined }[] = [];
  /** Whether a call of the port's is under way: it must not tell anything then. */
  inCall = false;
  readonly #waiting = new Set<() => void>();

  constructor(port: BytePort) {
    this.during(() => port.start(this));
  }

  get bytes(): Uint8Array {
    return concatBytes(this.pieces);
  }

  during<T>(call: () => T): T {
    this.inCall = true;
    try {
      return call();
    } finally {
      this.inCall = false;
    }
  }

  onData(bytes: Uint8Array): void {
    this.#told();
    expect(this.closed).toEqual([]);
    this.pieces.push(bytes);
  }

  onWritable(): void {
    this.#told();
    this.writable++;
  }

  onClose(error?: Error): void {
    this.#told();
    this.closed.push({ error });
  }

  /** Resolves when `holds` does, looked at whenever the port has told something. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #told(): void {
    expect(this.inCall, "told from inside a call of the port").toBe(false);
    queueMicrotask(() => {
      for (const resolve of this.#waiting) resolve();
      this.#waiting.clear();
    });
  }
}

/**
 * What every byte port keeps; call it inside a `describe`.
 *
 * @param canDrop whether what was written can be taken back from what is below the port: the browser's WebSocket cannot
 */
export function testBytePorts(connect: () => Promise<ConnectedPorts>, canDrop = true): void {
  it("delivers what is written, in order, both ways", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    for (const byte of [1, 2, 3]) near.during(() => ports.near.write(Uint8Array.of(byte, byte)));
    far.during(() => ports.far.write(Uint8Array.of(9)));
    await far.until(() => far.bytes.length === 6);
    await near.until(() => near.bytes.length === 1);
    expect([...far.bytes]).toEqual([1, 1, 2, 2, 3, 3]);
    expect([...near.bytes]).toEqual([9]);
  });

  it("keeps what came before it was started", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    near.during(() => ports.near.write(Uint8Array.of(7)));
    await Promise.resolve();
    const far = new PortRecorder(ports.far);
    await far.until(() => far.bytes.length === 1);
    expect([...far.bytes]).toEqual([7]);
  });

  it("says false when the reader pauses, and tells when there is room again", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    far.during(() => ports.far.pause(true));
    let written = 0;
    while (near.during(() => ports.near.write(sequence(written, 16_384)))) {
      written += 16_384;
      await Promise.resolve();
      expect(written).toBeLessThan(64 * 1024 * 1024);
    }
    written += 16_384;
    // What was read already may come, nothing more.
    const early = far.bytes.length;
    expect(early).toBeLessThan(written);
    expect(near.writable).toBe(0);
    far.during(() => ports.far.pause(false));
    await far.until(() => far.bytes.length === written);
    await near.until(() => near.writable === 1);
    expect(Buffer.from(far.bytes).equals(Buffer.from(sequence(0, written)))).toBe(true);
  });

  it("delivers nothing while it is paused", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    near.during(() => ports.near.write(Uint8Array.of(1)));
    await far.until(() => far.pieces.length === 1);
    far.during(() => ports.far.pause(true));
    near.during(() => ports.near.write(Uint8Array.of(2)));
    // The way back is a clock: what was written first would have come.
    far.during(() => ports.far.write(Uint8Array.of(3)));
    await near.until(() => near.bytes.length === 1);
    expect(far.bytes.length).toBe(1);
    far.during(() => ports.far.pause(false));
    await far.until(() => far.bytes.length === 2);
  });

  it("closes behind what was written, and tells both ends once, without an error", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    near.during(() => {
      ports.near.write(sequence(0, 100_000));
      ports.near.close();
      ports.near.close("flush");
    });
    await far.until(() => far.closed.length > 0);
    await near.until(() => near.closed.length > 0);
    expect(far.bytes).toHaveLength(100_000);
    expect(far.closed).toEqual([{ error: undefined }]);
    expect(near.closed).toEqual([{ error: undefined }]);
    near.during(() => ports.near.close("abort"));
    await Promise.resolve();
    expect(near.closed).toHaveLength(1);
  });

  it("closes when the other end does", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    far.during(() => ports.far.close());
    await near.until(() => near.closed.length > 0);
    await far.until(() => far.closed.length > 0);
    expect([near.closed, far.closed]).toEqual([[{ error: undefined }], [{ error: undefined }]]);
  });

  it("ignores what is done with it after it was closed", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    near.during(() => ports.near.close());
    near.during(() => {
      ports.near.write(Uint8Array.of(1));
      ports.near.pause(true);
      ports.near.pause(false);
    });
    await near.until(() => near.closed.length > 0);
    near.during(() => ports.near.write(Uint8Array.of(1)));
    await far.until(() => far.closed.length > 0);
    expect(far.bytes).toHaveLength(0);
  });

  it("drops at once when it is aborted, and both ends learn of it", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    near.during(() => ports.near.close("abort"));
    near.during(() => ports.near.close("abort"));
    await near.until(() => near.closed.length > 0);
    await far.until(() => far.closed.length > 0);
    expect(near.closed).toEqual([{ error: undefined }]);
    expect(far.closed).toHaveLength(1);
  });

  it.runIf(canDrop)("ends a close that hangs when it is aborted", async () => {
    await using ports = await connect();
    const near = new PortRecorder(ports.near);
    const far = new PortRecorder(ports.far);
    far.during(() => ports.far.pause(true));
    // More than the kernel keeps for a connection: Linux takes up to 32 MiB for one that is not read.
    const all = new Uint8Array(64_000_000);
    near.during(() => {
      ports.near.write(all);
      ports.near.close();
      ports.near.close("abort");
    });
    await near.until(() => near.closed.length > 0);
    far.during(() => ports.far.pause(false));
    await far.until(() => far.closed.length > 0);
    expect(far.bytes.length).toBeLessThan(all.length);
  });
}

/** Bytes that tell their place. */
function sequence(start: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (start + index) % 251);
}
