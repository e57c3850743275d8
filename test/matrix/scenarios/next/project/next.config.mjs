export default { serverExternalPackages: ['aiomultiprocess'] };
