/** How often it is tried to read what cannot be read now, and how long is waited in between, in milliseconds. */
const attempts = 5;
const pauseMs = 100;

/** How a system says that there is nothing to be read, now or later. */
const absent = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ELOOP"]);

/** Whether a failed read means that nothing is there, rather than that it cannot be read now. */
export function isAbsent(error: unknown): boolean {
  return absent.has((error as NodeJS.ErrnoException).code ?? "");
}

/** Reads, and tries it again where it fails for a reason that may pass: a worn SD card, a lack of memory or of descriptors. */
export function readPatiently<T>(read: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return read();
    } catch (error) {
      if (isAbsent(error) || attempt === attempts) throw error;
      // Nothing else is to be done meanwhile: no agent starts before it is read.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}
