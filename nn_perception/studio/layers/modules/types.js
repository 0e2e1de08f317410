/**
 * The types of the scene of layers, and how a page uses it.
 *
 *     import { LayerScene } from "nn-layers/layer_scene.js";
 *
 *     const scene = new LayerScene(element, { opened: (layers) => askFor(layers) });
 *     scene.setNetwork(layers);
 *     scene.openAll();                                  // calls `opened`
 *     scene.setMaps({ layer, values, shape, low, high }); // as often as there are new ones
 *
 * The scene fills `element`, which has a size of its own and `position: relative`. It draws only
 * when something changes. Nothing that it is given is copied into HTML: texts are set as text.
 */

/**
 * A layer, as nn_perception/core/inspection/records.py describes it.
 *
 * @typedef {object} Layer
 * @property {string} name unique in its network
 * @property {string} kind `input`, `conv`, `linear`, `max_pool`, `activation`, `add`, ...
 * @property {string[]} inputs names of the layers whose outputs it gets
 * @property {number[]} shape of its output without the batch: `[C, H, W]` or `[D]`
 * @property {number} parameters number of weights and biases
 * @property {string} title for people
 * @property {string} [stage] the part of the network that it belongs to; one slab when closed
 */

/**
 * Values of a layer in 8 bits: `low + value / 255 * (high - low)`.
 *
 * @typedef {object} Maps
 * @property {string} layer its name
 * @property {Uint8Array} values in C order; may be a view of a message, the scene copies it
 * @property {number[]} shape that of the layer, or smaller in height and width: then each value
 *     stands for several elements
 * @property {number} low
 * @property {number} high
 */

/**
 * The index of one value of a layer's output, as long as the layer's shape.
 *
 * @typedef {number[]} Element
 */

/**
 * The part of a layer that an element of a later layer sees; both ends belong to it.
 *
 * @typedef {object} Region
 * @property {string} layer its name
 * @property {Element} first
 * @property {Element} last
 */

/**
 * What the scene tells the page. Every function may be missing.
 *
 * @typedef {object} LayerSceneEvents
 * @property {(layers: string[]) => void} [opened] names of all layers whose maps are wanted from
 *     now on; also after `setNetwork`, and empty if none is open
 * @property {(layer: string, element: Element | null, computedBy: string) => void} [hover] the
 *     pointer, or the keyboard's selection, is over another element; `("", null, "")` over none,
 *     and `(name, null, "")` over a closed layer or stage. In a large network a convolution, its
 *     batch norm and its activation are drawn as one: then `layer` is the last, which has the
 *     value, and `computedBy` the convolution, whose region and arithmetic are of interest. The
 *     page answers with `showRegion` and `setValue`.
 * @property {(layer: string, element: Element, computedBy: string) => void} [click] an element
 *     was clicked
 * @property {(name: string) => void} [selected] the keyboard reached another layer or stage
 * @property {(framesPerSecond: number) => void} [frameRate] twice a second while it moves; 0 when
 *     it has come to rest
 * @property {(sentence: string) => void} [problem] why nothing is drawn; empty when all is well
 *     again
 */

/**
 * The methods of LayerScene (layer_scene.js). Names of layers and stages that it does not know are
 * ignored, because the network may have changed meanwhile.
 *
 * @typedef {object} LayerSceneMethods
 * @property {(layers: Layer[]) => void} setNetwork shows another network, closed
 * @property {(maps: Maps) => void} setMaps new values of a layer; ignored while it is closed
 * @property {(rgba: Uint8ClampedArray, width: number, height: number) => void} setInput the
 *     picture that the network gets, 4 bytes a pixel
 * @property {(name: string) => void} open opens a layer or a stage
 * @property {(name: string) => void} close
 * @property {() => void} openAll
 * @property {() => void} closeAll
 * @property {(name: string) => boolean} isOpen
 * @property {(name: string) => void} focus brings a layer or a stage near; "" the whole network
 * @property {() => void} resetCamera
 * @property {(labels: string[], scores: number[], indices?: number[]) => void} setScores the best
 *     labels of the last layer, best first, and the outputs that they belong to (if they are not
 *     given, labels that are whole numbers are the index, others belong to the largest outputs)
 * @property {(layer: string, element: Element, regions: Region[]) => void} showRegion draws lines
 *     to what an element sees; ignored if another element is under the pointer by now
 * @property {(layer: string, element: Element, value: number) => void} setValue the exact value
 *     for the tooltip of the element under the pointer
 * @property {(name: string) => string} computedBy the layer that computes what is drawn as this
 *     one: the convolution, if it is drawn with its activation
 * @property {() => void} dispose frees all memory of the graphics card
 */

export {};
