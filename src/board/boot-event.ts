import type { BoardSlot } from "../wire/index.ts";

/** What became of the last boots, or of an image. */
export type BootEvent =
  | {
      readonly what: "damaged" | "not-booted" | "unread" | "staged" | "tried" | "confirmed" | "kept";
      readonly slot: BoardSlot;
    }
  | { readonly what: "went-back"; readonly slot: BoardSlot; readonly to: BoardSlot }
  | { readonly what: "safe"; readonly failedBoots: number }
  | { readonly what: "safe-asked" | "safe-confirmed" | "unread-record" };

/** An event for people. */
export function formatBootEvent(event: BootEvent): string {
  switch (event.what) {
    case "damaged":
      return `the image in slot ${event.slot} is damaged, or not signed as it must be; what was installed runs`;
    case "not-booted":
      return `the new image in slot ${event.slot} is damaged, or not signed as it must be, and was not booted`;
    case "unread":
      return `the image in slot ${event.slot} cannot be read now; it stays, and the next boot tries it again`;
    case "unread-record":
      return "the record of boots cannot be read now; it stays, what was installed runs, and the next boot reads it again";
    case "staged":
      return `a new image is in slot ${event.slot}; the next boot tries it`;
    case "tried":
      return `the new image in slot ${event.slot} is being tried`;
    case "confirmed":
      return `the new image in slot ${event.slot} was confirmed`;
    case "kept":
      return `the image in slot ${event.slot} stays, as asked for`;
    case "went-back":
      return `the new image in slot ${event.slot} was not manageable; went back to ${event.to}`;
    case "safe":
      return `safe mode: ${event.failedBoots === 1 ? "a boot was" : `${event.failedBoots} boots were`} not confirmed`;
    case "safe-asked":
      return "safe mode, as asked for";
    default:
      return "safe mode was confirmed manageable";
  }
}

/** Whether an event is about safe mode, so that it is over when a normal boot is confirmed. */
export function isAboutSafeMode(event: BootEvent | null): boolean {
  return event?.what === "safe" || event?.what === "safe-asked" || event?.what === "safe-confirmed";
}

/** An event as it was read; `null` where it makes no sense. */
export function decodeBootEvent(value: unknown): BootEvent | null {
  if (typeof value !== "object" || value === null) return null;
  const { what, slot, to, failedBoots } = value as Record<string, unknown>;
  switch (what) {
    case "damaged":
    case "not-booted":
    case "unread":
    case "staged":
    case "tried":
    case "confirmed":
    case "kept":
      return isSlot(slot) ? { what, slot } : null;
    case "went-back":
      return isSlot(slot) && isSlot(to) ? { what, slot, to } : null;
    case "safe":
      return Number.isSafeInteger(failedBoots) ? { what, failedBoots: failedBoots as number } : null;
    case "safe-asked":
    case "safe-confirmed":
    case "unread-record":
      return { what };
    default:
      return null;
  }
}

function isSlot(value: unknown): value is BoardSlot {
  return value === "factory" || value === "a" || value === "b";
}
