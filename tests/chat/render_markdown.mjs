// Prints the HTML that the page's parser makes of each case on standard input, as one JSON list.
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

const [library, rules] = process.argv.slice(2);
runInThisContext(readFileSync(library, 'utf8'));
const { createParser } = await import(`data:text/javascript,${encodeURIComponent(readFileSync(rules, 'utf8'))}`);
const parser = createParser();
const cases = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(cases.map(({ markdown }) => parser.render(markdown))));
