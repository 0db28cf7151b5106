/** The rules of production: all are in force. A constant, so that asking costs nothing. */

export function isEnforced(_rule: string): boolean {
  return true;
}

/** What `judge` gives when no rule is broken meanwhile; for those who judge a node that lacks one. */
export function withAllRules<T>(judge: () => T): T {
  return judge();
}
