/**
 * The text of one value as it stands in a line of JSON. JSON.parse reads numbers as doubles, which lose the digits of a large one and
 * the form of any (1.0 becomes 1); what is stored must be what stood there.
 */

/**
 * The text of the value of the property `name` of a JSON object, spaces around it left out. `json` must have been parsed as an object
 * that has the property; of two with one name the later one counts, as for JSON.parse.
 */
export function propertyText(json: string, name: string): string | null {
  const scan = { json, at: afterSpace(json, json.indexOf('{') + 1) };
  let found: string | null = null;
  while (json[scan.at] === '"') {
    const key: unknown = JSON.parse(takeValue(scan));
    scan.at = afterSpace(json, scan.at) + 1; // The colon.
    scan.at = afterSpace(json, scan.at);
    const text = takeValue(scan);
    if (key === name) found = text;
    scan.at = afterSpace(json, scan.at);
    if (json[scan.at] === ',') scan.at = afterSpace(json, scan.at + 1);
  }
  return found;
}

interface Scan {
  readonly json: string;
  at: number;
}

/** The value that begins at `scan.at`, which is moved behind it. */
function takeValue(scan: Scan): string {
  const start = scan.at;
  let depth = 0;
  do {
    const character = scan.json[scan.at];
    if (character === '{' || character === '[') depth++;
    if (character === '}' || character === ']') depth--;
    scan.at = character === '"' ? afterString(scan.json, scan.at) : endOfPlain(scan.json, scan.at);
  } while (depth > 0 && scan.at < scan.json.length);
  return scan.json.slice(start, scan.at);
}

function afterString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Behind a number, true, false or null; behind one character where there is none of them. */
function endOfPlain(json: string, start: number): number {
  let at = start;
  while (at < json.length && /[-+.0-9A-Za-z]/.test(json.charAt(at))) at++;
  return Math.max(at, start + 1);
}

function afterSpace(json: string, start: number): number {
  let at = start;
  while (at < json.length && ' \t\n\r'.includes(json.charAt(at))) at++;
  return at;
}
