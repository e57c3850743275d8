exports.double = async (n) => n * 2;
