/** Every refusal of enforcement, by its stable code (docs: error codes). */
export type EnforcementErrorCode =
  | 'suspension-not-found'
  | 'reason-required'
  | 'author-required'
  | 'grace-out-of-range'
  | 'duration-out-of-range'
  | 'subject-invalid'
  | 'scope-not-allowed'
  | 'address-protected'
  | 'observe-mode'
  | 'transition-not-allowed'
  | 'cursor-invalid'
  | 'store-unavailable';

/** Says what is wrong and what to do; the message is fit for the person who asked. */
export class EnforcementError extends Error {
  readonly code: EnforcementErrorCode;

  constructor(code: EnforcementErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EnforcementError';
    this.code = code;
  }
}
