/** What tells a script why it runs, in the numbers of MicroPython's `machine.reset_cause()`. */
export const resetCauses = { reset: 0, powerOn: 1, watchdog: 3, deepSleep: 4 } as const;

/** A frame as it goes to a board's thread. */
export interface FrameForBoard {
  readonly source: string;
  readonly hex: string;
  readonly rssi: number;
  /** When it was heard, on the clock's monotonic time. */
  readonly at: number;
}

/** What a board's thread asks for; it stands still until the answer comes. */
export type Call =
  | { readonly call: "sleep"; readonly ms: number }
  | { readonly call: "lightsleep"; readonly ms: number | null }
  | {
      readonly call: "radio";
      readonly on: boolean;
      readonly channel: number;
      readonly bufferBytes: number;
      /** The address of the access point's interface, while that is on. */
      readonly accessPoint: string | null;
    }
  | {
      readonly call: "send";
      readonly interface: number;
      readonly destination: string;
      readonly hex: string;
      readonly wait: boolean;
    }
  /** Until its serial line brings something, or also a frame is heard, or so long. */
  | { readonly call: "wait"; readonly frame: boolean; readonly timeoutMs: number | null }
  | { readonly call: "receive"; readonly timeoutMs: number | null }
  | { readonly call: "available" }
  | { readonly call: "dropped" }
  | { readonly call: "pin"; readonly pin: number; readonly otherwise: number }
  | { readonly call: "adc"; readonly pin: number };

/** How a run ended; the thread then waits for the next one. */
export type Ending =
  | { readonly call: "deepsleep"; readonly ms: number | null }
  | { readonly call: "reset" }
  | { readonly call: "ended"; readonly traceback?: string }
  | { readonly call: "off" };

/** What a board's thread tells in passing. */
export type Notice =
  | { readonly event: "started" }
  | { readonly event: "print"; readonly text: string }
  | { readonly event: "pin"; readonly pin: number; readonly value: number }
  | { readonly event: "pixels"; readonly pin: number; readonly pixels: readonly (readonly number[])[] }
  | { readonly event: "rtc"; readonly hex: string }
  | { readonly event: "output"; readonly hex: string }
  | { readonly event: "watchdog"; readonly ms: number }
  | { readonly event: "address"; readonly address: string };

export type FromBoard = Call | Ending | Notice;

/** What a board's thread is sent: the start of a run, or the answer to its call. `now` is the monotonic time. */
export type ToBoard =
  | {
      readonly boot: {
        readonly script: string;
        readonly cause: number;
        readonly powerOn: boolean;
        /** Whether it has a serial line, with a prompt when no script runs. */
        readonly console: boolean;
        readonly now: number;
      };
    }
  | { readonly now: number; readonly value: unknown }
  | { readonly now: number; readonly powerOff: true };
