/**
 * Calendars' colours. JMAP and CalDAV keep a colour as `#rrggbb`; what is drawn from it is its hue only, so that words
 * keep their contrast in both themes whatever colour other programs chose. Pure.
 */
import { hueOf } from './names';

/** The colours to choose from: the hue, and the colour that other programs are given. */
export const COLOURS: { hue: number; hex: string }[] = [
  { hue: 192, hex: '#00746c' },
  { hue: 235, hex: '#1c6ea4' },
  { hue: 265, hex: '#4263c4' },
  { hue: 300, hex: '#7b52b8' },
  { hue: 335, hex: '#a7428d' },
  { hue: 5, hex: '#b83b5e' },
  { hue: 32, hex: '#b3452a' },
  { hue: 60, hex: '#96580c' },
  { hue: 90, hex: '#7a6500' },
  { hue: 130, hex: '#4d7420' },
  { hue: 155, hex: '#1f7a4a' },
];

const NAMED: Record<string, string> = { red: '#ff0000', green: '#008000', blue: '#0000ff', orange: '#ffa500', purple: '#800080', teal: '#008080', brown: '#a52a2a', pink: '#ffc0cb', navy: '#000080', olive: '#808000', maroon: '#800000', gold: '#ffd700', yellow: '#ffff00', lime: '#00ff00', aqua: '#00ffff', fuchsia: '#ff00ff', crimson: '#dc143c', tomato: '#ff6347', indigo: '#4b0082', violet: '#ee82ee', turquoise: '#40e0d0', steelblue: '#4682b4', seagreen: '#2e8b57', dodgerblue: '#1e90ff' };

/** The hue of a colour in OKLCH, in degrees; of something without colour one that is made from `seed`. */
export function hueOfColour(colour: string | null | undefined, seed: string): number {
  return hueIn(colour) ?? hueOf(seed);
}

function hueIn(colour: string | null | undefined): number | undefined {
  const hex = NAMED[colour?.toLowerCase() ?? ''] ?? colour ?? '';
  const [, wide, short] = /^#(?:([0-9a-f]{6})(?:[0-9a-f]{2})?|([0-9a-f]{3}))$/i.exec(hex.trim()) ?? [];
  const digits = wide ?? (short ? [...short].map((digit) => digit + digit).join('') : '');
  if (!digits) return undefined;
  const [red, green, blue] = [0, 2, 4].map((at) => linear(parseInt(digits.slice(at, at + 2), 16) / 255)) as [number, number, number];
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const middle = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const small = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  const a = 1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * small;
  const b = 0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * small;
  if (Math.hypot(a, b) < 0.02) return undefined;
  return Math.round(((Math.atan2(b, a) * 180) / Math.PI + 360) % 360);
}

/** The hues of several things that are seen together: those without a colour get one each that no other has, as long as there are such. */
export function distinctHues(things: { colour: string | null | undefined; seed: string }[]): number[] {
  const given = things.map(({ colour }) => hueIn(colour));
  const free = COLOURS.map(({ hue }) => hue).filter((hue) => !given.some((other) => Math.abs((other ?? NaN) - hue) < 15));
  return things.map(({ seed }, at) => given[at] ?? free.splice(hueOf(seed) % free.length, 1)[0] ?? hueOf(seed));
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}
