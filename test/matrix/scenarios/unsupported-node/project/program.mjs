import 'aiomultiprocess';
