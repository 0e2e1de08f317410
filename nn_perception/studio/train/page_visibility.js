/** Says whether somebody can see the page. */
export default {
  template: "<span hidden></span>",
  mounted() {
    this.say = () => this.$emit("visibility", document.visibilityState === "visible");
    document.addEventListener("visibilitychange", this.say);
    this.say();
  },
  unmounted() {
    document.removeEventListener("visibilitychange", this.say);
  },
};
