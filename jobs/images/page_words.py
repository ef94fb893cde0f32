"""Sentences of the pictures' page: name -> (English, Chinese)."""

CHINESE = "lang='zh'"  # marks a Chinese text, so that a screen reader pronounces it correctly
ENGLISH = "lang='en'"

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Pictures of the night {date}", "{date} 夜图片"),
    "lead": (
        "{items} items have {pictures} pictures. {new} of them are new tonight, {refused} files were refused.",
        "{items} 件商品共有 {pictures} 张图片，其中 {new} 张为今夜新增；{refused} 个文件被拒绝。",
    ),
    "bound": (
        "Each part of this page has at most {most} rows; the setting images.page_rows says how many.",
        "本页每部分至多 {most} 行，由设置 images.page_rows 决定。",
    ),
    "doubted": ("Does the catalogue say what the picture shows?", "目录与图片是否一致？"),
    "doubted_how": (
        "The picture shows another value than the catalogue says. Correct the catalogue, or the picture.",
        "图片所示与目录所述不同。请更正目录或图片。",
    ),
    "doubted_none": ("No item is doubted tonight.", "今夜没有存疑的商品。"),
    "says": ("{attribute}: says {value}, looks {looks}", "{attribute}：目录为 {value}，图片为 {looks}"),
    "recognised": ("Filled in from pictures", "由图片补全的属性"),
    "recognised_how": (
        "The catalogue has no value here. What the shop says is never overwritten.",
        "目录中没有该属性。商家所述从不被覆盖。",
    ),
    "recognised_none": (
        "Nothing is filled in: nothing is missing, or the pictures are not sure enough.",
        "没有补全：没有缺失的属性，或图片不够确定。",
    ),
    "similar": ("Looks like this", "相似图片"),
    "similar_how": (
        "Left the item, then the items on sale that look most like it. 1.00 is the same picture.",
        "左为商品，其后为外观最相近的在售商品。1.00 为同一图片。",
    ),
    "similar_none": ("Fewer than two items have pictures.", "有图片的商品少于两件。"),
    "other_colour": ("other colour", "其他颜色"),
    "found": ("Found for shoppers' photos", "顾客照片的搜索结果"),
    "found_how": (
        "The photos themselves are not kept; their names are those of the files.",
        "照片本身不予保留；名称即文件名。",
    ),
    "found_none": ("No shopper sent a photo.", "没有顾客发送照片。"),
    "same_item": ("this item", "同一商品"),
    "refused": ("Refused files", "被拒绝的文件"),
    "refused_how": ("Repair them, or take them out of the drop.", "请修复，或从交付中移除。"),
    "refused_none": ("No file was refused.", "没有文件被拒绝。"),
    "file": ("File", "文件"),
    "reason": ("Reason", "原因"),
    "detail": ("What was seen", "所见"),
}
REASONS_ZH: dict[str, str] = {
    "unknown_item": "目录中没有该商品",
    "outside_drop": "路径超出交付文件夹",
    "host_not_named": "设置未列出该主机",
    "too_many_pictures": "该商品图片过多",
    "missing_file": "文件缺失",
    "not_fetched": "未能取得",
    "empty": "空文件",
    "too_many_bytes": "文件过大",
    "unsupported_format": "不支持的格式",
    "not_a_picture": "不是图片",
    "too_many_pixels": "像素过多",
    "too_thin": "过于狭长",
    "too_small": "过小",
    "truncated": "文件不完整",
    "damaged": "文件损坏",
    "transparent": "完全透明",
    "repeated": "同一图片重复",
}
