import type { Customer } from './directory-schema.ts';
import { OwnNumbers, parseNumber, parseNumberRange } from './own-numbers.ts';

/** Numbers of others that a customer may present because their holder has authorised it (`authorisedNumbers` in the directory). */
export class AuthorisedNumbers {
  /** Read once while the directory's entry stands. */
  readonly #read = new WeakMap<Customer, OwnNumbers>();

  /** @param number E.164 with or without "+" */
  includes(customer: Customer | null, number: string): boolean {
    if (!customer?.authorisedNumbers?.length) return false;
    const value = parseNumber(number);
    return value !== null && this.#of(customer).ownerOf(value) !== null;
  }

  #of(customer: Customer): OwnNumbers {
    let numbers = this.#read.get(customer);
    if (numbers === undefined) {
      numbers = new OwnNumbers();
      for (const text of customer.authorisedNumbers ?? []) {
        const range = parseNumberRange(text);
        if (range !== null) numbers.add(range, customer.id);
      }
      this.#read.set(customer, numbers);
    }
    return numbers;
  }
}
