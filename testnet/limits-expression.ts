/** Works out what a limit's expression gives: whole numbers, + - * / **, parentheses, and names of other limits. */

const token = /\d[\d_]*|[A-Za-z]\w*(?:\.\w+)?|\*\*|[-+*/()]/g;

/** `expressionOf` gives the expression of a name. Throws an Error on anything that is no such expression. */
export function evaluate(expression: string, expressionOf: (name: string) => string): bigint {
  const tokens = expression.match(token) ?? [];
  if (tokens.join('') !== expression.replaceAll(' ', '')) throw new Error(`not an expression of limits: ${expression}`);
  let place = 0;
  const take = (wanted: readonly string[]): string | null => {
    const next = tokens[place];
    if (next === undefined || !wanted.includes(next)) return null;
    place++;
    return next;
  };
  const sum = (): bigint => {
    let value = product();
    for (let sign = take(['+', '-']); sign !== null; sign = take(['+', '-'])) {
      const term = product();
      value = sign === '+' ? value + term : value - term;
    }
    return value;
  };
  const product = (): bigint => {
    let value = power();
    for (let sign = take(['*', '/']); sign !== null; sign = take(['*', '/'])) {
      const factor = power();
      value = sign === '*' ? value * factor : value / factor;
    }
    return value;
  };
  const power = (): bigint => {
    const base = atom();
    return take(['**']) === null ? base : base ** power();
  };
  const atom = (): bigint => {
    if (take(['(']) !== null) {
      const value = sum();
      take([')']);
      return value;
    }
    const next = tokens[place++] ?? '';
    return /^\d/.test(next) ? BigInt(next.replaceAll('_', '')) : evaluate(expressionOf(next), expressionOf);
  };
  return sum();
}
