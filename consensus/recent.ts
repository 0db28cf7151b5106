/** Less than `withinMs` before now; a clock that was set back makes nothing recent. */
export function isRecent(at: number | null | undefined, now: number, withinMs: number): boolean {
  return at !== null && at !== undefined && now >= at && now - at < withinMs;
}
