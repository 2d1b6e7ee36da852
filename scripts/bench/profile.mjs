export const benchProfile = () => {};
