/** Lives with the detectors, whose parameter defaults need it and which import nothing from the daemon. */
export {
  formatDuration,
  MAXIMUM_DURATION_MS,
  type ParsedDuration,
  parseDuration,
} from '../../detectors/duration.ts';
