const build = (mode, devtool) => ({
  mode,
  devtool,
  entry: './src/index.js',
  target: 'node',
  externalsType: 'commonjs',
  externals: { aiomultiprocess: 'aiomultiprocess' },
  output: { path: `${__dirname}/dist`, filename: `${mode}-${devtool}.cjs`, library: { type: 'commonjs2' } },
});

module.exports = [build('development', 'eval'), build('development', false), build('production', false)];
