// A ring that empties: the part of a code's life that is left, from 1 to 0.
const RADIUS = 9;
const ROUND = 2 * Math.PI * RADIUS;

export function Ring({ part }: { part: number }) {
  return (
    <svg aria-hidden="true" width="24" height="24" viewBox="0 0 24 24" fill="none" strokeWidth="3" className="-rotate-90">
      <circle cx="12" cy="12" r={RADIUS} className="stroke-line" />
      <circle
        cx="12"
        cy="12"
        r={RADIUS}
        className="stroke-accent transition-[stroke-dashoffset] duration-150"
        strokeDasharray={ROUND}
        strokeDashoffset={ROUND * (1 - Math.min(Math.max(part, 0), 1))}
      />
    </svg>
  );
}
