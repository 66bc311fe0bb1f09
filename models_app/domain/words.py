"""The words that drawn model names are made of."""

ADJECTIVES = tuple(
    """
    able agile airy amber ample amused ancient apt artful autumn balmy bashful blissful bold bouncy
    brave breezy bright brisk bronze bubbly calm candid careful cheeky cheerful chilly clever cosy
    crafty creamy crisp crunchy curious curly dapper daring dazzling dear deft dewy dizzy doughty
    dreamy drowsy eager early earnest easy elated elegant fabled faithful fancy fearless feisty fine
    fleet floral fluffy fond frank fresh friendly frosty frugal fuzzy gallant generous gentle giddy
    gilded glad gleaming glossy golden graceful grand grateful handy happy hardy hasty hazy hearty
    helpful honest humble hungry icy jaunty jolly jovial joyful keen kind lavish lively loyal lucid
    lucky lunar mellow merry mighty mild misty modest mossy neat nimble noble nutty odd opal patient
    peaceful peppy perky placid playful plucky plump polite proud punctual quaint quick quiet quirky
    radiant rapid rare restful robust rosy royal rustic sandy savvy serene shiny silent silky silver
    sincere sleepy smooth snappy snug soft solar speedy spirited spry steady stormy sturdy subtle
    sunny supple swift tame tender thrifty tidy tranquil trusty upbeat urban valiant velvet vivid
    warm wary whimsical wily winter wise witty wobbly wondrous zany zesty
    """.split()
)

FOODS = tuple(
    """
    almond anchovy apple apricot artichoke arugula asparagus aubergine avocado bagel baguette banana
    barley basil bean beetroot biscuit blackberry blini blueberry bread brioche broccoli brownie bun
    butter cabbage cake caramel carrot cashew cauliflower celery cheddar cherry chestnut chickpea
    chicory chilli chive chocolate chutney cider cinnamon clementine clove cocoa coconut cookie
    coriander couscous crab cracker cranberry crepe croissant crouton crumble cucumber cumin currant
    curry custard date dill donut dumpling eclair endive espresso falafel fennel feta fig focaccia
    fondue fudge garlic gazpacho ginger gnocchi gooseberry granola grape grapefruit gravy guava
    hazelnut honey hummus jam kale kebab ketchup kiwi kumquat lasagna latte leek lemon lentil
    lettuce lime lobster lychee macaron mackerel mango maple marmalade melon meringue millet mint
    mocha muesli muffin mulberry mushroom mustard nachos nectarine noodle nougat nutmeg oat okra
    olive omelette onion orange oregano oyster paella pancake papaya paprika parsley parsnip pasta
    pastry peach peanut pear pecan pepper pesto pickle pie pineapple pistachio pizza plum polenta
    pomegranate popcorn porridge potato praline pretzel prune pudding pumpkin quiche quince quinoa
    radish raisin raspberry ravioli relish rhubarb rice ricotta risotto rosemary saffron sage salad
    salmon salsa sardine scone sesame shallot sherbet sorbet souffle soup soy spinach squash
    strawberry strudel sushi syrup taco tahini tamarind tangerine tapioca tart thyme toast toffee
    tofu tomato tortilla truffle turnip vanilla waffle walnut wasabi watermelon yam yogurt zucchini
    """.split()
)
