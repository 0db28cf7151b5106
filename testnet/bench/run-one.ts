/** Runs one benchmark in a process of its own, so that none inherits another's heap: `node run-one.js NAME full|quick`, figures as JSON. */
import '../../daemon/polyfill.ts';
import { benches } from './benches.ts';

const [name = '', effort] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) throw new Error(`no benchmark ${name}`);
const measure = await bench.load();
const figures = await measure(effort === 'quick' ? 'quick' : 'full');
process.stdout.write(JSON.stringify(figures), () => process.exit(0));
