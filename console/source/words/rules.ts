import { maybe } from './language.ts';

const readable = (id: string): string => {
  const words = id.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** What a detector measures, short and in the reader's language. */
export const detectorName = (detector: string): string => maybe(`detector.${detector}`) ?? readable(detector);

export const detectorTip = (detector: string): string | undefined =>
  maybe(`detector.${detector}.tip`) ?? undefined;

/** Beyond the limit is below it. */
export function isFloor(detector: string): boolean {
  return detector === 'answer-seizure-ratio' || detector === 'average-call-duration';
}
