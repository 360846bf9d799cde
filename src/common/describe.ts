/** Numbers as people read them. */

/** `112,345` */
export function describeCount(count: number): string {
  return Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `999`, `6.9 k`, `112 k`, `1.2 M`, `3.4 G`: three digits at most. */
export function describeMagnitude(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  let unit = 0;
  while (count >= 999.5 && unit < units.length - 1) {
    count /= 1000;
    unit++;
  }
  return `${unit > 0 && count < 9.95 ? count.toFixed(1) : Math.round(count)}${units[unit]}`;
}

/** `7.3 s`, `4:05`, `1:02:09` */
export function describeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, twoDigits(whole % 60)];
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** `99.32 %` of a fraction. */
export function describePercent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}

/** `0.0301`: four significant digits. */
export function describeLoss(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  if (loss !== 0 && Math.abs(loss) < 1e-4) return loss.toExponential(2);
  return loss.toFixed(Math.abs(loss) >= 10 ? 2 : 4);
}

/** `38 MB`; powers of 1000. */
export function describeBytes(bytes: number): string {
  return `${describeMagnitude(bytes).trim()}${bytes >= 999.5 ? 'B' : ' B'}`;
}

/** `1 layer`, `8 layers` */
export function describeNumberOf(count: number, noun: string): string {
  return `${describeCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
