/** Rows and cells of a text with separators (RFC 4180, and its cousins with semicolons and tabs). Pure. */

/** The separator that the first line has most of. */
function separatorOf(text: string): string {
  const first = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const counted = [',', ';', '\t'].map((sign) => ({ sign, count: first.split(sign).length }));
  return counted.reduce((most, one) => (one.count > most.count ? one : most)).sign;
}

/** At most `most` rows; blank ones are left out. */
export function tableOf(text: string, most = 500): string[][] {
  const separator = separatorOf(text);
  const rows: string[][] = [];
  let row: string[] = [];
  const end = () => {
    if (row.some((cell) => cell.trim())) rows.push(row);
    row = [];
  };
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${separator}\\r\\n]*))(${separator}|\\r?\\n|$)`, 'gy');
  for (const [, quoted, bare, stop] of text.replace(/^\ufeff/, '').matchAll(cell)) {
    row.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (stop !== separator) end();
    if (!stop || rows.length >= most) break;
  }
  return rows;
}
