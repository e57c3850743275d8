export default { ssr: { noExternal: true }, build: { outDir: 'dist/contained', ssr: 'src/index.js' } };
