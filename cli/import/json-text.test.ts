import fc from 'fast-check';
import { expect, it } from 'vitest';
import { propertyText } from './json-text.ts';

const cases: readonly (readonly [line: string, text: string | null])[] = [
  ['{"value":12345678901234567890}', '12345678901234567890'],
  ['{"value":1.0}', '1.0'],
  [' { "key" : "a" , "value" : -1E+400 } ', '-1E+400'],
  ['{"value":{"n": [1.50, "}\\"]"]} ,"key":"a"}', '{"n": [1.50, "}\\"]"]}'],
  ['{"value":[]}', '[]'],
  ['{"value":null,"other":{"value":2}}', 'null'],
  ['{"other":{"value":2},"value":true}', 'true'],
  ['{"value":1,"value":2}', '2'],
  ['{"\\u0076alue":3}', '3'],
  ['{"key":"\\"value\\":4","value":"a\\\\"}', '"a\\\\"'],
  ['{}', null],
  ['{"key":{"value":1}}', null],
];
it.each(cases)('of %s is the text that stands there', (line, text) => {
  expect(propertyText(line, 'value')).toBe(text);
});

it('is found in any object, however it is indented', () => {
  const value = fc.jsonValue();
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), fc.string(), value, fc.nat(2), (others, name, wanted, indent) => {
      const object = Object.fromEntries([...Object.entries(others), [name, wanted]]);
      const found = propertyText(JSON.stringify(object, null, indent), name);
      expect(JSON.parse(found ?? '')).toEqual(JSON.parse(JSON.stringify(wanted)));
    }),
  );
});
