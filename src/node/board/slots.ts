import { readlinkSync, rmSync, statSync, symlinkSync } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHex } from "../../base/index.ts";
import {
  boardErrors,
  type ImageSlot,
  type ImageState,
  type ImageWriter,
  type StagedImage,
} from "../../board/index.ts";
import { toImageMessage } from "../../wire/index.ts";
import { systemCryptography } from "../cryptography.ts";
import { guardFiles } from "./file-errors.ts";
import { openWriter, readFully, syncFolder } from "./files.ts";
import { makeOwnFolder } from "./own-folder.ts";
import { isAbsent, readPatiently } from "./read-patiently.ts";
import { digestFile, digestFileSync } from "./whole-file.ts";

/** The two slots for images, in a folder. An image is an ES module: the program that the supervisor starts. */
export class ImageSlots {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder, and what lets images import `moteq`. @param say takes what was put aside for it */
  prepare(say: (text: string) => void = () => {}): void {
    const modules = join(this.#folder, "node_modules");
    for (const folder of [this.#folder, join(this.#folder, "a"), join(this.#folder, "b"), modules]) {
      if (makeOwnFolder(folder)) say(`${folder} was no folder, and is ${folder}.aside now`);
    }
    const target = fileURLToPath(new URL("../../..", import.meta.url));
    const link = join(modules, "moteq");
    // On a full disk it could not be made anew.
    if (isLinkTo(link, target)) return;
    // Where the data was copied, what the link led to may have been copied as well.
    rmSync(link, { recursive: true, force: true });
    symlinkSync(target, link, "junction");
  }

  pathOf(slot: ImageSlot): string {
    return join(this.#folder, slot, "image.mjs");
  }

  /**
   * Whether what is in a slot is what was put there, and signed by one of the keys if there are any. What cannot be read now
   * may be whole all the same.
   *
   * @param onPiece is called after each mebibyte: a long image takes seconds
   */
  check(
    slot: ImageSlot,
    image: StagedImage | null,
    trusted: readonly Uint8Array[],
    onPiece?: () => void,
  ): ImageState {
    if (!image) return "damaged";
    const path = this.pathOf(slot);
    try {
      const sha256 = readPatiently(() => {
        const found = statSync(path);
        // A pipe would keep whoever opens it waiting.
        return found.isFile() && found.size === image.size ? digestFileSync(path, onPiece) : undefined;
      });
      if (sha256 !== image.sha256) return "damaged";
    } catch (error) {
      return isAbsent(error) ? "damaged" : "unread";
    }
    if (trusted.length === 0) return "sound";
    const message = toImageMessage(fromHex(image.sha256) ?? new Uint8Array());
    const signature = fromHex(image.signature ?? "") ?? new Uint8Array();
    const isSigned = trusted.some((key) => systemCryptography.verify(key, message, signature));
    return isSigned ? "sound" : "damaged";
  }

  /**
   * Opens the way for an image into a slot; what an earlier attempt left of the same image is gone on with.
   *
   * @param vacate is to say that the slot's old image does not boot any more
   * @param stage is to say that the new one may; both before anything else happens
   * @throws `board/…` errors, as all that the writer does
   */
  open(
    slot: ImageSlot,
    image: StagedImage,
    vacate: () => Promise<void>,
    stage: () => Promise<void>,
  ): Promise<ImageWriter> {
    return guardFiles("the slot", () => this.#open(slot, image, vacate, stage));
  }

  async #open(
    slot: ImageSlot,
    image: StagedImage,
    vacate: () => Promise<void>,
    stage: () => Promise<void>,
  ): Promise<ImageWriter> {
    // Somebody may have removed it since the start.
    this.prepare();
    const path = this.pathOf(slot);
    const incoming = join(this.#folder, `${image.sha256}.part`);
    await this.#removeOthers(image.sha256);
    // It may have arrived whole, and the news of it may not.
    const isThere = await holds(path, image);
    const source = isThere ? path : incoming;
    const file = await open(source, isThere ? "r" : "a+", 0o600);
    const writer = await openWriter(file, "the slot");
    if (writer.size > image.size) await file.truncate(0);
    const size = writer.size > image.size ? 0 : writer.size;
    return {
      size,
      write: (pieces) => writer.write(pieces),
      sync: () => (isThere ? Promise.resolve() : writer.sync()),
      close: () => writer.close(),
      read: (offset, length) => guardFiles("the slot", () => readFully(file, offset, length)),
      accept: () =>
        guardFiles("the slot", async () => {
          const found = await digestFile(source);
          if (found !== image.sha256) {
            throw boardErrors.create(
              "board/digest",
              `SHA mismatch: the image in the slot has ${found}, announced was ${image.sha256}`,
            );
          }
          if (!isThere) {
            await vacate();
            await rename(incoming, path);
            await syncFolder(join(path, ".."));
          }
          await stage();
        }),
      discard: () =>
        guardFiles("the slot", async () => {
          if (!isThere) await rm(incoming, { force: true });
        }),
    };
  }

  /** Only one image is under way at a time. */
  async #removeOthers(sha256: string): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (name.endsWith(".part") && name !== `${sha256}.part`)
        await rm(join(this.#folder, name), { force: true });
    }
  }
}

/** Whether a file is this image. One that cannot be read is not: it comes anew. */
async function holds(path: string, { size, sha256 }: StagedImage): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size === size && (await digestFile(path)) === sha256;
  } catch {
    return false;
  }
}

function isLinkTo(path: string, target: string): boolean {
  try {
    return readlinkSync(path) === target;
  } catch {
    return false;
  }
}
