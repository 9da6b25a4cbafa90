import vue from '@vitejs/plugin-vue';

// Vue is told which elements are none of its components.
const isCustomElement = (tag) => tag === 'twin-chat';

export default { plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] };
