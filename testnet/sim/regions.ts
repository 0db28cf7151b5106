/**
 * Delays between 13 regions of one cloud, round trip in milliseconds, from measurements of July 2025 (cloudping.co, median, mean of both
 * directions). Half of it is taken as the way in one direction.
 */

/** In the order of rows and columns. */
export const regionNames: readonly string[] = [
  'us-east-1',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'eu-west-1',
  'eu-central-1',
  'eu-north-1',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-northeast-1',
  'af-south-1',
];

const roundTripMs: readonly (readonly number[])[] = [
  [6, 64, 64, 17, 115, 70, 93, 112, 191, 219, 200, 150, 227],
  [64, 3, 22, 80, 175, 130, 153, 173, 232, 170, 139, 108, 287],
  [64, 22, 3, 61, 175, 118, 143, 155, 222, 161, 141, 98, 274],
  [17, 80, 61, 4, 126, 69, 93, 106, 192, 215, 198, 147, 224],
  [115, 175, 175, 126, 3, 178, 205, 223, 301, 328, 312, 259, 338],
  [70, 130, 118, 69, 178, 3, 27, 40, 126, 179, 256, 202, 159],
  [93, 153, 143, 93, 205, 27, 4, 23, 129, 161, 251, 227, 155],
  [112, 173, 155, 106, 223, 40, 23, 3, 149, 181, 271, 247, 174],
  [191, 232, 222, 192, 301, 126, 129, 149, 3, 64, 155, 134, 273],
  [219, 170, 161, 215, 328, 179, 161, 181, 64, 4, 95, 71, 315],
  [200, 139, 141, 198, 312, 256, 251, 271, 155, 95, 4, 106, 409],
  [150, 108, 98, 147, 259, 202, 227, 247, 134, 71, 106, 3, 357],
  [227, 287, 274, 224, 338, 159, 155, 174, 273, 315, 409, 357, 4],
];

export const regionsCount = regionNames.length;

/** The way from a machine in one region to one in another, without jitter. */
export function oneWayMs(from: number, to: number): number {
  return (roundTripMs[from]?.[to] ?? 0) / 2;
}
