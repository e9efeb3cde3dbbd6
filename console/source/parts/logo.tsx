export function Logo() {
  return (
    <span class="logo">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" />
        <path d="M7 10l9 13 9-13" />
        <circle cx="16" cy="9.5" r="2.6" />
      </svg>
      Vigie
    </span>
  );
}
