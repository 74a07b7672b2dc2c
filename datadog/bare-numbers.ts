/** Stands for NaN in a body whose reader knows numbers only; no real value is so small. */
const nanStandIn = -Number.MIN_VALUE;

/** A text of JSON, which is passed over, or a word that JSON does not know. */
const textOrWord = /"(?:[^"\\]|\\.)*"|(-?)(NaN|Infinity)/g;

/**
 * JSON has neither NaN nor Infinity, but some servers write them. They become numbers that JSON can hold, so that one
 * of them spoils its own series and not the whole answer.
 */
export function withoutBareNumbers(json: string): string {
  if (!json.includes('NaN') && !json.includes('Infinity')) return json;
  return json.replaceAll(textOrWord, (whole: string, sign: string | undefined, word: string | undefined) => {
    if (word === undefined) return whole;
    return word === 'NaN' ? String(nanStandIn) : `${sign}1e999`;
  });
}

/** What a number of such a body was meant to be. */
export function bareNumber(value: number): number {
  return value === nanStandIn ? Number.NaN : value;
}
