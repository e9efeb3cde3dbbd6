/**
 * drachtio-srf reads messages with expressions whose time grows with the square of what they look at and worse: 40,000 spaces in one header
 * stop the process for 10 s. What is hard for it never reaches it.
 */

/** Characters of one header line, with its continuation lines; what is longer takes it milliseconds. */
const LONGEST_LINE = 2_048;
const MOST_LINES = 256;
/** White space in a row, line folding included. */
const SPACES = /\s{33}/;

/** The message can be given to drachtio-srf as it is. */
export function isEasyToRead(text: string): boolean {
  const lines = linesOf(text);
  return lines.length <= MOST_LINES && lines.every(isEasy);
}

/** The same message without body and without the lines that are hard to read: for answers, of which little is needed. */
export function easyPartOf(text: string): string {
  const [start, ...headers] = linesOf(text);
  const kept = headers.filter((line) => isEasy(line) && !/^(content-length|l)[ \t]*:/i.test(line));
  return [isEasy(start) ? start : start.slice(0, 32), ...kept.slice(0, MOST_LINES), '', ''].join('\r\n');
}

function isEasy(line: string): boolean {
  return line.length <= LONGEST_LINE && !SPACES.test(line);
}

function linesOf(text: string): string[] {
  const end = text.indexOf('\r\n\r\n');
  return (end < 0 ? text : text.slice(0, end)).split(/\r\n(?![ \t])/);
}
