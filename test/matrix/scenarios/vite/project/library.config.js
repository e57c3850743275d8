export default {
  build: {
    outDir: 'dist/library',
    lib: { entry: 'src/index.js', formats: ['es'], fileName: 'index' },
    rollupOptions: { external: ['aiomultiprocess', /^node:/] },
  },
};
