// The mark: two tracks that meet.
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      strokeWidth="3"
      strokeLinecap="round"
      className="text-accent rtl:-scale-x-100"
    >
      <path d="M3 23h26" />
      <path d="M3 9h6c9 0 8 14 16 14" />
      <path d="M20 9h9" strokeDasharray="0.1 5" />
    </svg>
  );
}
