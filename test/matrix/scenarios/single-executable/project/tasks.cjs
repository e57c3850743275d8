exports.twice = async (value) => value * 2;
