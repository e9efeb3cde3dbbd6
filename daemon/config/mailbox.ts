/** A sender or receiver of mail. */
export interface Mailbox {
  /** Empty where none is given. */
  readonly name: string;
  readonly address: string;
}

const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/;
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** `Name <address>`, `"Name" <address>` or `address`. The address may still be none: see `isMailAddress`. */
export function mailboxOf(text: string): Mailbox {
  const open = text.lastIndexOf('<');
  if (open < 0 || !text.trimEnd().endsWith('>')) return { name: '', address: text.trim() };
  const name = text.slice(0, open).trim();
  return { name: name.replace(/^"(.*)"$/, '$1'), address: text.trimEnd().slice(open + 1, -1) };
}

/**
 * The addresses in use: a dot-string before the @ and a domain after it (RFC 5321, 4.1.2), in ASCII. Quoted local parts and
 * addresses in brackets are none, so that nothing in one can end a header or a command.
 */
export function isMailAddress(text: string): boolean {
  const at = text.indexOf('@');
  if (at < 1 || at > 64 || text.length > 254) return false;
  const local = text.slice(0, at).split('.');
  return (
    local.every((atom) => LOCAL_PART.test(atom)) &&
    text
      .slice(at + 1)
      .split('.')
      .every((label) => LABEL.test(label))
  );
}
