/** A span as `2 d 03:04:05` or `03:04:05`. */
export function formatSpan(spanMs: number): string {
  const seconds = Math.floor(spanMs / 1000);
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
  return days > 0 ? `${days} d ${clock}` : clock;
}
