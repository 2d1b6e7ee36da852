/**
 * Folders in a model that belong to it: more chat templates, and the modules after the transformer that
 * sentence-transformers numbers. Others hold states of a training, other formats, or the user's own work.
 */
export const isModelFolder = (name: string): boolean => /^(additional_chat_templates|\d{1,3}_[A-Za-z]\w*)$/.test(name);

/** What Python reads of such a folder, the small weights of a module included. */
const content = /^[\w-][\w.-]*\.(json|jinja|txt|model|py|safetensors|bin)$/;

/** Whether `name` is a file in such a folder, as `folder/file`; its parts come from a stranger and lead nowhere else. */
export const isInModelFolder = (name: string): boolean => {
  const [folder = '', file = '', deeper] = name.split('/');
  return deeper === undefined && isModelFolder(folder) && content.test(file) && file.length < 200;
};
