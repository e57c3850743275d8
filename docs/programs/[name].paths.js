import { listPrograms, renderProgram } from '../.vitepress/programs.js';

export default {
  paths: () => listPrograms().map((program) => ({ params: { name: program.name }, content: renderProgram(program) })),
};
