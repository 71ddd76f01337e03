/**
 * A section of the sidebar with its pages. The theme's own puts a button into a button, which a keyboard reaches twice and a screen
 * reader announces without its state.
 */
import { useData } from "vitepress";
import { computed, defineComponent, h, type PropType, ref, useId, watch } from "vue";

interface Item {
  readonly text?: string;
  readonly link?: string;
  readonly collapsed?: boolean;
  readonly items?: readonly Item[];
}

export default defineComponent({
  props: { item: { type: Object as PropType<Item>, required: true }, depth: { type: Number, required: true } },
  setup(props) {
    const { page } = useData();
    const list = useId();
    const here = computed(() => `/${page.value.relativePath.replace(/(^|(?<=\/))index\.md$|\.md$/, "")}`);
    const pages = computed(() => props.item.items ?? []);
    const holdsThisPage = computed(() => pages.value.some(({ link }) => link === here.value));
    const open = ref(props.item.collapsed !== true || holdsThisPage.value);
    watch(holdsThisPage, (holds) => {
      if (holds) open.value = true;
    });
    const toggle = () => {
      open.value = !open.value;
    };
    return () =>
      h("section", { class: "section" }, [
        h("button", { type: "button", "aria-expanded": open.value, "aria-controls": list, onClick: toggle }, [
          h("span", props.item.text),
          h("span", { class: "vpi-chevron-right caret", "aria-hidden": "true" }),
        ]),
        h(
          "ul",
          { id: list, hidden: !open.value },
          pages.value.map(({ text, link }) =>
            h("li", { key: link ?? "" }, [
              h("a", { href: link, "aria-current": link === here.value ? "page" : undefined }, text),
            ]),
          ),
        ),
      ]);
  },
});
