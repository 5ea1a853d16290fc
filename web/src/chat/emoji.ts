/** Signs to react with: those of every day first, then by what they are about; each with the words it is found by, in English, French and Vietnamese. */
import { folded } from '../kernel/fold';

export const QUICK = ['👍', '❤️', '😄', '🎉', '👀', '✅'];

type Group = 'faces' | 'hands' | 'things' | 'nature';

const NAMED: Record<Group, string> = {
  faces: `😀 smile sourire cười|😃 happy content vui|😄 laugh rire cười|😁 grin sourire cười tươi|😅 relief sueur toát mồ hôi|😂 tears of joy larmes de rire cười ra nước mắt|🤣 rolling mort de rire cười lăn|🙂 slight smile léger sourire mỉm cười|😉 wink clin d’œil nháy mắt|😊 blush rougir đỏ mặt|😍 love amoureux yêu|🥰 adore adorer yêu thương|😘 kiss bisou hôn|😋 yummy miam ngon|😜 tongue langue lè lưỡi|🤔 think réfléchir suy nghĩ|🤨 doubt doute nghi ngờ|😐 neutral neutre bình thường|😴 sleep dormir ngủ|😌 calm calme bình yên|😔 pensive pensif buồn|😢 cry pleurer khóc|😭 sob sanglot khóc to|😤 annoyed vexé bực|😡 angry colère giận|😱 scream cri hét sợ|😳 flushed gêné ngượng|🥳 party fête tiệc|😎 cool cool ngầu|🤓 nerd intello mọt sách|🤯 mind blown stupéfait kinh ngạc|🥺 please pitié năn nỉ|🤗 hug câlin ôm|🙄 eye roll lever les yeux đảo mắt|😬 awkward grimace ngại|🤞 luck croiser les doigts chúc may`,
  hands: `👍 yes oui pouce đồng ý thích|👎 no non pouce không thích|👏 bravo applaud applaudir vỗ tay|🙏 thanks merci please cảm ơn|🙌 hurray hourra hoan hô|👋 hello bonjour wave chào|💪 strong fort muscle mạnh|🤝 deal accord poignée bắt tay|👌 ok perfect parfait tốt|✌️ peace victoire paix|🫶 heart hands cœur trái tim|❤️ heart cœur love tim yêu|🧡 orange heart cœur orange tim cam|💛 yellow heart cœur jaune tim vàng|💚 green heart cœur vert tim xanh lá|💙 blue heart cœur bleu tim xanh|💜 purple heart cœur violet tim tím|🖤 black heart cœur noir tim đen|💔 broken heart cœur brisé tim vỡ|💯 hundred cent trăm|🔥 fire feu lửa|✨ sparkles étincelles lấp lánh|⭐ star étoile sao|🎉 party fête tiệc mừng|🎊 confetti confettis pháo giấy`,
  things: `✅ done fait check xong|❌ no non croix sai|❗ important attention quan trọng|❓ question question câu hỏi|⏳ wait attendre sablier chờ|⏰ alarm réveil báo thức|📅 calendar calendrier lịch|📌 pin épingle ghim|📎 attachment trombone đính kèm|✏️ pencil crayon bút|📝 note note ghi chú|📊 chart graphique biểu đồ|📈 up hausse tăng|📉 down baisse giảm|💡 idea idée ý tưởng|🔒 lock cadenas khoá|🔑 key clé chìa khoá|📧 mail courriel thư|📞 phone téléphone điện thoại|💻 computer ordinateur máy tính|🖨️ printer imprimante máy in|🚀 rocket fusée tên lửa|🚗 car voiture xe hơi|🚆 train train tàu hoả|✈️ plane avion máy bay|🏠 home maison nhà|🏆 trophy trophée cúp|🎁 gift cadeau quà|👀 eyes yeux look voir nhìn`,
  nature: `☀️ sun soleil mặt trời nắng|⛅ cloud nuage mây|🌧️ rain pluie mưa|❄️ snow neige tuyết|🌈 rainbow arc-en-ciel cầu vồng|🌊 wave vague sóng|🌱 plant pousse cây non|🌳 tree arbre cây|🌸 blossom fleur hoa đào|🌻 sunflower tournesol hướng dương|🐶 dog chien chó|🐱 cat chat mèo|🐢 turtle tortue rùa|🦋 butterfly papillon bướm|🐟 fish poisson cá|☕ coffee café cà phê|🍵 tea thé trà|🍞 bread pain bánh mì|🥐 croissant croissant bánh sừng bò|🍎 apple pomme táo|🍕 pizza pizza|🍜 noodles nouilles phở mì|🍰 cake gâteau bánh|🍺 beer bière bia|🍷 wine vin rượu`,
};

interface Sign {
  sign: string;
  words: string;
}

export const GROUPS: { id: Group; signs: Sign[] }[] = (Object.keys(NAMED) as Group[]).map((id) => ({
  id,
  signs: NAMED[id].split('|').map((one) => {
    const [sign = '', ...words] = one.split(' ');
    return { sign, words: words.join(' ') };
  }),
}));

/** The groups with those of their signs that have all the words, each from its beginning, accents or not. */
export function named(typed: string): typeof GROUPS {
  const wanted = folded(typed).split(/\s+/).filter(Boolean);
  if (!wanted.length) return GROUPS;
  const fits = ({ sign, words }: Sign) => typed.trim() === sign || wanted.every((word) => ` ${folded(words)}`.replace(/[’-]/g, ' ').includes(` ${word}`));
  return GROUPS.map(({ id, signs }) => ({ id, signs: signs.filter(fits) })).filter(({ signs }) => signs.length);
}
