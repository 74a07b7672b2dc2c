/** Stands for NaN in a body whose reader knows numbers only; no real value is so small. */
const nanStandIn = -Number.MIN_VALUE;

/**
 * JSON has neither NaN nor Infinity, but some servers write them. They become numbers that JSON can hold, so that one
 * of them spoils its own series and not the whole answer.
 */
export function withoutBareNumbers(json: string): string {
  if (!/[[,:]\s*-?(?:NaN|Infinity)\s*[,\]}]/.test(json)) return json;
  return json.replaceAll(
    /([[,:]\s*)(-?)(NaN|Infinity)(?=\s*[,\]}])/g,
    (_, before: string, sign: string, word: string) =>
      word === 'NaN' ? `${before}${nanStandIn}` : `${before}${sign}1e999`,
  );
}

/** What a number of such a body was meant to be. */
export function bareNumber(value: number): number {
  return value === nanStandIn ? Number.NaN : value;
}
