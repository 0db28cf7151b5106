/** The door to zod: all of it in one compiled file instead of a hundred (docs/decisions/0021-packages-in-one-file.md). */
export { z } from 'zod';
